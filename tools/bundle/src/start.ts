import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { crc32 } from 'node:zlib';

/**
 * Starts a program of the bundle: what its `main.cjs` does. The code that the engine made of `program.cjs` is kept beside it, for
 * each command the functions that its first run called; Node's own compile cache has none but those that every module calls when it
 * is loaded. Code that is damaged, or of another engine, is made again; where it cannot be kept, it is made each time.
 */
const folder = path.dirname(realpathSync(process.argv[1] ?? ''));
const file = path.join(folder, 'program.cjs');
const words = process.argv.slice(2);

/** What `module` is to a file of CommonJS. */
interface Loaded {
  readonly exports: object;
  loaded: boolean;
}

type Wrapper = (
  exports: object,
  require: NodeJS.Require,
  module: Loaded,
  filename: string,
  dirname: string,
) => void;

/** What `entry.cjs` has. */
interface Program {
  runProgram(words: readonly string[]): Promise<void>;
}

/** Where the code of a command is kept; undefined for what is no command. */
function codePath([first = '', second = '']: readonly string[]): string | undefined {
  const isName = /^[a-z][a-z-]*$/;
  return isName.test(first) && isName.test(second)
    ? path.join(folder, `${first}-${second}.code`)
    : undefined;
}

/** Its CRC-32, and the code. */
const sumBytes = 4;

function readCode(from: string): Buffer | undefined {
  try {
    const bytes = readFileSync(from);
    const code = bytes.subarray(sumBytes);
    return bytes.length > sumBytes && bytes.readUInt32LE(0) === crc32(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

function keepCode(to: string, code: Buffer): void {
  const sum = Buffer.alloc(sumBytes);
  sum.writeUInt32LE(crc32(code));
  const temporary = `${to}.${process.pid}`;
  try {
    writeFileSync(temporary, Buffer.concat([sum, code]));
    renameSync(temporary, to);
  } catch {
    rmSync(temporary, { force: true });
  }
}

const kept = codePath(words);
const cachedData = kept === undefined ? undefined : readCode(kept);
// The bundle has no letters beyond ASCII.
const source = readFileSync(file, 'latin1');
const script = new vm.Script(
  `(function (exports, require, module, __filename, __dirname) {${source}\n})`,
  { filename: file, cachedData },
);
const require = createRequire(file);
const loaded: Loaded = { exports: {}, loaded: false };
// Parts that are loaded late ask for it by its name.
require.cache[file] = loaded as NodeJS.Module;
(script.runInThisContext() as Wrapper)(loaded.exports, require, loaded, file, folder);
loaded.loaded = true;
const program = require('./entry.cjs') as Program;
void program.runProgram(words).then(() => {
  const isKept = cachedData !== undefined && script.cachedDataRejected !== true;
  const didWork = process.exitCode === 0 && !words.some((word) => /^(--help|-h)$/.test(word));
  if (kept !== undefined && !isKept && didWork) keepCode(kept, script.createCachedData());
});
