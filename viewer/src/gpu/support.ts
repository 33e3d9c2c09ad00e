// Whether tiles can be drawn by the GPU here.

let answer: boolean | null = null;

function probe(): boolean {
  // For tests, and for whoever has a graphics driver that lies.
  if (new URLSearchParams(location.search).get('renderer') === 'server') return false;
  try {
    const gl = document.createElement('canvas').getContext('webgl');
    if (!gl) return false;
    const precision = gl.getShaderPrecisionFormat(gl.FRAGMENT_SHADER, gl.HIGH_FLOAT)?.precision ?? 0;
    const able = gl.getExtension('OES_texture_float') !== null && precision >= 23
      && Number(gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS)) >= 4;
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    return able;
  } catch {
    return false;
  }
}

export const gpuIsThere = (): boolean => (answer ??= probe());

/** It was thought to be there, and failed. */
export function gpuFailed(): void {
  answer = false;
}
