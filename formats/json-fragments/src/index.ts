export { composeLists } from './compose.ts';
export type { Fragment } from './fragment.ts';
export { fragmentOf, parseFragment, printFragment } from './fragment.ts';
