export type { BlobRange } from './blob-reader.ts';
export type { RegistryRepositoryOptions } from './connection.ts';
export type { RegistryCredential } from './credential.ts';
export type { DockerConfigOptions } from './docker-config.ts';
export { DockerConfig, dockerConfigBytesMax, dockerConfigFile } from './docker-config.ts';
export type { PushedBlob } from './repository.ts';
export { RegistryRepository } from './repository.ts';
