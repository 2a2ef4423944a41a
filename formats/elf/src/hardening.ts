import type { ElfFile } from './elf.ts';

export type HardeningCheckName =
  | 'pie'
  | 'relro'
  | 'bind-now'
  | 'stack-protector'
  | 'fortify'
  | 'executable-stack';

/**
 * `unknown`: the file does not show it either way (a static program that was stripped, code too small to tell);
 * `not-applicable`: the measure means nothing for such a file.
 */
export type HardeningVerdict = 'passed' | 'failed' | 'unknown' | 'not-applicable';

export interface HardeningFinding {
  readonly check: HardeningCheckName;
  readonly verdict: HardeningVerdict;
  /** Why, in a few words. */
  readonly detail: string;
}

const segmentStack = 0x6474e551;
const segmentRelro = 0x6474e552;

/**
 * What a program or shared library shows of the OpenSSF hardening set; nothing for other ELF files (objects, cores).
 *
 * Four checks are facts of the headers. The other two are inferred from names of symbols, because the compiler leaves no
 * other trace:
 * - `stack-protector` passes when `__stack_chk_fail` is referenced. Without it a file fails only when it holds at least
 *   16 KiB of code and its symbols can be seen: smaller code often has no function with a buffer, for which `-strong`
 *   emits no guard.
 * - `fortify` passes when any `__…_chk` function is imported. Without one a file fails only when it imports one of
 *   `printf`, `fprintf` and others whose calls `_FORTIFY_SOURCE=2` and above always redirect; `memcpy` and the like prove
 *   nothing, since a call whose buffer size is not known stays as it is.
 */
export function inspectHardening(elf: ElfFile): readonly HardeningFinding[] {
  if (elf.type !== 'executable' && elf.type !== 'shared') return [];
  return [
    pie(elf),
    relro(elf),
    bindNow(elf),
    executableStack(elf),
    stackProtector(elf),
    fortify(elf),
  ];
}

function pie(elf: ElfFile): HardeningFinding {
  const check = 'pie';
  if (elf.type === 'executable')
    return { check, verdict: 'failed', detail: 'the program is linked to a fixed address' };
  if (elf.pieFlag || elf.interpreter !== undefined)
    return { check, verdict: 'passed', detail: 'position-independent program' };
  return { check, verdict: 'not-applicable', detail: 'shared library' };
}

function relro(elf: ElfFile): HardeningFinding {
  const check = 'relro';
  if (!elf.dynamic) return { check, verdict: 'not-applicable', detail: 'no dynamic section' };
  return elf.segments.some(({ type }) => type === segmentRelro)
    ? { check, verdict: 'passed', detail: 'PT_GNU_RELRO' }
    : { check, verdict: 'failed', detail: 'no PT_GNU_RELRO segment' };
}

function bindNow(elf: ElfFile): HardeningFinding {
  const check = 'bind-now';
  if (!elf.dynamic) return { check, verdict: 'not-applicable', detail: 'no dynamic section' };
  if (elf.bindNow) return { check, verdict: 'passed', detail: 'bound at start' };
  return elf.lazyRelocations
    ? { check, verdict: 'failed', detail: 'symbols are bound late' }
    : { check, verdict: 'passed', detail: 'nothing to bind late' };
}

function executableStack(elf: ElfFile): HardeningFinding {
  const check = 'executable-stack';
  const stack = elf.segments.find(({ type }) => type === segmentStack);
  if (stack === undefined) return { check, verdict: 'failed', detail: 'no PT_GNU_STACK segment' };
  return (stack.flags & 1) === 0
    ? { check, verdict: 'passed', detail: 'the stack is not executable' }
    : { check, verdict: 'failed', detail: 'the stack is executable' };
}

const codeBytesTelling = 16 * 1024;

function stackProtector(elf: ElfFile): HardeningFinding {
  const check = 'stack-protector';
  const { symbols } = elf;
  if (symbols === undefined) return { check, verdict: 'unknown', detail: 'no symbols to look at' };
  const guards = ['__stack_chk_fail', '__stack_chk_fail_local', '__stack_chk_guard'];
  if (guards.some((name) => symbols.imports.has(name) || symbols.exports.has(name))) {
    return { check, verdict: 'passed', detail: '__stack_chk_fail is referenced' };
  }
  const codeBytes = codeBytesOf(elf);
  return codeBytes >= codeBytesTelling
    ? { check, verdict: 'failed', detail: `no stack guard in ${codeBytes} bytes of code` }
    : { check, verdict: 'unknown', detail: 'too little code to tell' };
}

function codeBytesOf(elf: ElfFile): number {
  return elf.segments
    .filter(({ type, flags }) => type === 1 && (flags & 1) !== 0)
    .reduce((sum, { fileSize }) => sum + fileSize, 0);
}

/**
 * Calls of these always go to their `__…_chk` form when fortified. The relatives that write into a buffer are not among
 * them: a call with a bare `%s` or without `%` is turned back into the plain function.
 */
const alwaysFortified = [
  'printf',
  'fprintf',
  'vprintf',
  'vfprintf',
  'dprintf',
  'vdprintf',
  'asprintf',
  'vasprintf',
];

function fortify(elf: ElfFile): HardeningFinding {
  const check = 'fortify';
  if (!elf.dynamic || elf.needed.length === 0 || elf.symbols === undefined) {
    return { check, verdict: 'unknown', detail: 'no imports to look at' };
  }
  const { imports } = elf.symbols;
  const fortified = [...imports].find((name) => /^__\w+_chk$/.test(name));
  if (fortified !== undefined)
    return { check, verdict: 'passed', detail: `${fortified} is imported` };
  const plain = alwaysFortified.find((name) => imports.has(name));
  return plain === undefined
    ? { check, verdict: 'unknown', detail: 'no call that shows it' }
    : { check, verdict: 'failed', detail: `${plain} is imported and no __…_chk function` };
}
