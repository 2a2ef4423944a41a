import { parentPort, workerData } from 'node:worker_threads';
import { fileCompiler, type CompileFilesOptions } from './compile-files.ts';

const compile = fileCompiler(workerData as CompileFilesOptions);

parentPort?.on('message', (files: readonly string[]) => {
  parentPort?.postMessage(files.map((file) => compile(file)));
});
