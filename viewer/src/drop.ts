// Files that are dragged onto the page: sent to the server, which shows them.
import { ProblemError, uploadFile } from './api.ts';
import { el } from './dom.ts';
import { formatBytes } from './format.ts';

export interface DropEvents {
  /** Bytes of files that the server takes; null where it takes none. */
  limit(): number | null;
  /** The ids of what is to be seen now. */
  onImages(ids: readonly string[]): void;
  onProblem(error: unknown): void;
}

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

export class Drop {
  /** Over the page, while something is dragged over it or sent. */
  readonly element = el('div', { class: 'drop', 'data-testid': 'drop', role: 'status', hidden: true });
  private readonly input = el('input', { type: 'file', multiple: true, hidden: true, 'data-testid': 'drop-input', 'aria-label': 'Open files' });
  /** Entering a child is heard before leaving its parent. */
  private depth = 0;
  private sending = 0;

  constructor(private readonly events: DropEvents) {
    document.addEventListener('dragenter', (event) => {
      if (!hasFiles(event)) return;
      this.depth += 1;
      this.show(this.events.limit() === null ? 'This server takes no files (--allow-upload)' : 'Drop to open');
    });
    document.addEventListener('dragover', (event) => {
      // Otherwise the browser leaves the page for the file.
      if (hasFiles(event)) event.preventDefault();
    });
    document.addEventListener('dragleave', (event) => {
      if (!hasFiles(event)) return;
      this.depth = Math.max(0, this.depth - 1);
      this.rest();
    });
    document.addEventListener('drop', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.depth = 0;
      void this.send([...event.dataTransfer?.files ?? []]);
    });
    this.input.addEventListener('change', () => {
      void this.send([...this.input.files ?? []]);
      this.input.value = '';
    });
    document.body.append(this.input);
  }

  /** Lets the person choose files. */
  choose(): void {
    if (this.events.limit() === null) this.refuse();
    else this.input.click();
  }

  private async send(files: readonly File[]): Promise<void> {
    const limit = this.events.limit();
    if (limit === null) {
      this.rest();
      this.refuse();
      return;
    }
    const ids: string[] = [];
    for (const file of files) {
      this.sending += 1;
      this.show(`Sending ${file.name} (${formatBytes(file.size)})`);
      try {
        if (file.size > limit) {
          throw new ProblemError(413, `${file.name}: ${formatBytes(file.size)} is more than the ${formatBytes(limit)} that this server takes`);
        }
        ids.push(...await uploadFile(file));
      } catch (error) {
        this.events.onProblem(error);
      } finally {
        this.sending -= 1;
        this.rest();
      }
    }
    if (ids.length > 0) this.events.onImages(ids);
  }

  private refuse(): void {
    this.events.onProblem(new ProblemError(403, 'This server takes no files: start it with --allow-upload'));
  }

  private show(text: string): void {
    this.element.textContent = text;
    this.element.hidden = false;
  }

  private rest(): void {
    if (this.depth === 0 && this.sending === 0) this.element.hidden = true;
  }
}
