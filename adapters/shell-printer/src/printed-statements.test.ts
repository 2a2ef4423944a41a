import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printedStatements } from './printed-statements.ts';
import { parsedStatements } from './shell-printer.ts';
import { WasmShell } from './wasm-printer.ts';

const shell = new WasmShell();

const statements = [
  'a',
  "echo 'x\n\ny'",
  'echo "x\n\n$(b "c\n\n" )\n"',
  'echo "$(a "b")" "${c:-d}" \\\n\n',
  'x=${y:-a\n\nb}',
  'if a; then\n\nb\n\nelse\n\nc\n\nfi',
  'for x in 1 2; do\n\n a\n\ndone',
  'f() {\n\n a\n\n}',
  '(a\n\nb\n\n)',
  'case $x in\n\na)\n\n b;;\n\n*) c;;\n\nesac',
  'echo $(a\n\nb)',
  'x=(a\n\nb\n\n)',
  "cat <<'E'\n\na\n\nE",
  'cat <<E | b\n\n$a\n\nE',
  'cat <<E\n$(cat <<F\n\nF\n)\n\nE',
  'cat <<-E\n\ta\n\n\tE',
  'cat <<E <<F\n\na\nE\n\nb\nF',
  'a <<<"b\n\n"',
  'a && {\n\nb\n\n}',
  'a |\n\nb',
  'echo $((1 << 2))',
  "echo $'a\\'\n\n'",
  'echo `a\n\nb`',
  '# comment',
  'while a; do b; done <<E\n\nE',
];

test('statements are found where the parser finds them', () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...statements), fc.constantFrom('\n', '\n\n', '\n\n\n')), {
        minLength: 1,
        maxLength: 6,
      }),
      (chosen) => {
        const whole = shell.process(chosen.flat().join(''), 'print')?.text ?? '';
        const statementsFound = printedStatements(whole);
        if (statementsFound === undefined) return;
        found += 1;
        expect(statementsFound).toBe(parsedStatements(shell, whole));
      },
    ),
    { numRuns: 1500 },
  );
  expect(found).toBeGreaterThan(100);
});

test('nothing but blank lines has no statement', () => {
  expect(printedStatements('\n')).toBe('');
});
