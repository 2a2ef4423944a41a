import type { Position } from '@kiln/base';
import type { GoValue } from './value.ts';

/** A parsed template. */
export interface Template {
  readonly file: string;
  readonly nodes: readonly Node[];
}

export type Node =
  | { readonly kind: 'text'; readonly text: string; readonly position: Position }
  | { readonly kind: 'action'; readonly pipeline: Pipeline; readonly position: Position }
  | Branch
  | { readonly kind: 'break' | 'continue'; readonly position: Position };

export interface Branch {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
  readonly position: Position;
}

/** Commands, each with the result of the one before it as its last argument. */
export interface Pipeline {
  /** `$a := …`, `$a, $b := …` (of `range`): the names with their `$`. */
  readonly variables: readonly string[];
  /** `$a = …` sets variables that are there. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
  readonly position: Position;
}

/** One operand, or a function and its arguments. */
export interface Command {
  readonly first: Term;
  readonly args: readonly Term[];
}

export type Term =
  | { readonly kind: 'literal'; readonly value: GoValue; readonly position: Position }
  | { readonly kind: 'nil' | 'dot'; readonly position: Position }
  | {
      /** An integer that Go can write but not hold. */
      readonly kind: 'overflow';
      readonly text: string;
      readonly position: Position;
    }
  | { readonly kind: 'function'; readonly name: string; readonly position: Position }
  | { readonly kind: 'variable'; readonly name: string; readonly position: Position }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline; readonly position: Position }
  | FieldTerm;

/** `.A.B`, `$x.A` or `(…).A`. */
export interface FieldTerm {
  readonly kind: 'fields';
  readonly base: Term;
  readonly names: readonly string[];
  readonly position: Position;
}
