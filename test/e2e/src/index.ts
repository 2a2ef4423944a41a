export type { Browser } from './browser.ts';
export { openBrowser } from './browser.ts';
export type { AttemptPlan, InventedFactory } from './invented-factory.ts';
export { desiredKey, inventedFactory } from './invented-factory.ts';
export type { FilledLine } from './invented-line.ts';
export { fillLine } from './invented-line.ts';
