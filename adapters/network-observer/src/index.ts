export { Authority } from './authority.ts';
export type { Credential } from './authority.ts';
export { defaultLimits } from './limits.ts';
export type { ObserverLimits } from './limits.ts';
export { HttpObserver } from './observer.ts';
export type { HttpObserverOptions } from './observer.ts';
export { printNetworkRecord, readNetworkRecord } from './record-file.ts';
export { RecordFolder } from './record-folder.ts';
