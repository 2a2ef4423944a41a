/** Run as a process of its own by `build.ts`: `node vite-build.ts FOLDER` builds the console into that folder. */
import react from '@vitejs/plugin-react';
import { build } from 'vite';

const outDir = process.argv[2];
if (outDir === undefined) throw new Error('assertion failed: no folder was given');

await build({
  configFile: false,
  root: import.meta.dirname,
  mode: 'production',
  logLevel: 'warn',
  plugins: [react()],
  build: {
    outDir,
    emptyOutDir: true,
    // Nothing is inlined, so that a policy without inline scripts and data addresses holds.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'baseline-widely-available',
    reportCompressedSize: false,
  },
});
