import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm run dev` serves the page with hot reload and passes everything else to a running `larmor serve`.
const server = process.env['LARMOR_URL'] ?? 'http://127.0.0.1:4258';

export default defineConfig({
  plugins: [react()],
  // Cornerstone3D: the decoder is a module worker, its codecs are WebAssembly, and dicom-parser is the one
  // dependency of the image loader that is not an ES module.
  worker: { format: 'es' },
  optimizeDeps: { exclude: ['@cornerstonejs/dicom-image-loader'], include: ['dicom-parser'] },
  assetsInclude: ['**/*.wasm'],
  build: {
    target: 'es2022',
    // The imaging chunk is about 3 MB and loads only when a study is opened.
    chunkSizeWarningLimit: 4096,
  },
  server: {
    proxy: Object.fromEntries(['/dicomweb', '/v1', '/signin'].map((path) => [path, { target: server }])),
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
} as Parameters<typeof defineConfig>[0]);
