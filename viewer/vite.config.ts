import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Relative addresses: the built folder works wherever it is mounted.
  base: './',
  build: {
    assetsDir: 'viewer',
    target: 'es2022',
    // A `data:` image would need a wider content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/images': 'http://127.0.0.1:8000',
      '/colormaps': 'http://127.0.0.1:8000',
      '/events': 'http://127.0.0.1:8000',
      '/live': 'http://127.0.0.1:8000',
    },
  },
  test: { include: ['test/**/*.test.ts'] },
});
