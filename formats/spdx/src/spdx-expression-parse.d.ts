declare module 'spdx-expression-parse' {
  /** The tree of an expression; throws for what is none. */
  export default function parse(text: string): object;
}
