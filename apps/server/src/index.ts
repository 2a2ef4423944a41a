export { clearKilledFactory } from './killed-factory.ts';
export type { Place } from './place.ts';
export { placeOf } from './place.ts';
export type { ProcessOptions } from './processes.ts';
export { serverProcess, signerProcess, supervisorProcess, workerProcess } from './processes.ts';
