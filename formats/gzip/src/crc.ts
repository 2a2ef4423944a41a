/** The polynomial of CRC-32 (RFC 1952, 8), bits reversed: the coefficient of x^0 is the highest bit. */
const polynomial = 0xedb88320;
const one = 0x80000000;

/** x^(2^n) modulo the polynomial, for n from 0 to 31; the powers repeat from there. */
const squares: readonly number[] = squaresOf(0x40000000);

/** The CRC-32 of two contents after one another, from the CRC-32 of each and the length of the second. */
export function combineCrc(first: number, second: number, secondSizeBytes: number): number {
  return (product(powerOfX(secondSizeBytes), first) ^ second) >>> 0;
}

/** x^(8n) modulo the polynomial: what n zero bytes do to a CRC. */
function powerOfX(bytes: number): number {
  let power = one;
  let exponent = 3;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = product(squares[exponent % 32] ?? one, power);
    exponent += 1;
  }
  return power;
}

function squaresOf(x: number): number[] {
  const list = [x];
  while (list.length < 32) {
    const last = list.at(-1) ?? x;
    list.push(product(last, last));
  }
  return list;
}

/** The product of two polynomials modulo the polynomial. */
function product(a: number, b: number): number {
  let sum = 0;
  let shifted = b;
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) sum ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
  }
  return sum >>> 0;
}
