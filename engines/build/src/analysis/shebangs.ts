import { fileAt, lastPartOf, type FileEntry, type PackageTree } from '../tree.ts';
import { blankClass } from './blanks.ts';
import type { Finding } from './relations.ts';
import type { Dialect } from './subject.ts';

const scriptDirectories = ['usr/bin/', 'usr/local/bin/', 'usr/local/sbin/'];

/** What is a link in some package, so that nobody provides it, and what is several programs of one name. */
const everywhere = new Set(['sh', 'python', 'python3', 'awk', 'luajit']);

const lineBytesMax = 80;

const blanks = new RegExp(blankClass);

/** Interpreters that the package's scripts name on their first line. */
export async function shebangs(tree: PackageTree, dialect: Dialect): Promise<Finding> {
  const runtime: string[] = [];
  const warnings: string[] = [];
  for (const entry of tree.entries) {
    if (!scriptDirectories.some((directory) => entry.path.startsWith(directory))) continue;
    const file = fileAt(tree, entry.path);
    if (file === undefined) continue;
    const interpreter = interpreterOf(await firstLine(file), dialect);
    if (interpreter === undefined) continue;
    if (interpreter === 'unclear')
      warnings.push(`${tree.packageName}: ${entry.path}: its first line leaves the choice to env`);
    else if (!everywhere.has(interpreter.name)) runtime.push(`cmd:${interpreter.name}`);
  }
  return { runtime, warnings };
}

/** What stands behind `#!`, as far as the first 80 bytes go; "" when it is no script. */
async function firstLine(file: FileEntry): Promise<string> {
  const start = Buffer.from(await file.range(0, lineBytesMax)).toString('utf8');
  return start.startsWith('#!') ? (start.slice(2).split('\n')[0] ?? '') : '';
}

/** melange takes an option for the program that `env` is to run, when nothing follows it. */
function interpreterOf(
  line: string,
  dialect: Dialect,
): { readonly name: string } | 'unclear' | undefined {
  const [program, first, second] = line.split(blanks).filter((word) => word !== '');
  if (program === undefined) return undefined;
  if (program !== '/usr/bin/env') return named(program);
  if (first === undefined) return 'unclear';
  if (second === undefined)
    return first.startsWith('-') && dialect === 'kiln' ? 'unclear' : named(first);
  return first === '-S' && !second.startsWith('-') ? named(second) : 'unclear';
}

function named(program: string): { readonly name: string } {
  return { name: lastPartOf(program) };
}
