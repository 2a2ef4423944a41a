import fc from 'fast-check';

/** Versions close enough to each other that every rule is met. */
export const anyVersion: fc.Arbitrary<string> = fc
  .record({
    numbers: fc.array(
      fc.constantFrom('0', '00', '1', '01', '001', '2', '9', '10', '09', '010', '20240101'),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    letter: fc.constantFrom('', '', 'a', 'b'),
    suffixes: fc.array(
      fc.tuple(
        fc.constantFrom('alpha', 'beta', 'pre', 'rc', 'cvs', 'svn', 'git', 'hg', 'p'),
        fc.constantFrom('', '0', '1', '01', '2', '10'),
      ),
      { maxLength: 2 },
    ),
    hash: fc.constantFrom('', '', '', '~ab', '~ac', '~a'),
    revision: fc.constantFrom('', '', '-r0', '-r1', '-r01', '-r10'),
  })
  .map(
    (v) =>
      `${v.numbers.join('.')}${v.letter}${v.suffixes.map(([s, n]) => `_${s}${n}`).join('')}${v.hash}${v.revision}`,
  );
