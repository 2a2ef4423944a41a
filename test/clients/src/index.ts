export type { CommandOptions } from './command.ts';
export { run } from './command.ts';
export type { UnpackedPackage } from './debian-client.ts';
export type { ClientStamp, InstallOptions } from './install.ts';
export { clientStamp, installClients } from './install.ts';
export { locked } from './lock.ts';
export type { ClientName, DebianPin, GoPin, PythonPin } from './pins.ts';
export { clientPins } from './pins.ts';
