// Files for the person to keep.
export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export const save = (text: string, type: string, name: string): void => saveBlob(new Blob([text], { type }), name);
