import { enableCompileCache } from 'node:module';
import { runProgram } from './program.ts';

enableCompileCache();

await runProgram(process.argv.slice(2));
