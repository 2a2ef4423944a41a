export type { RegistryCredential } from './credential.ts';
export type { DockerConfigOptions } from './docker-config.ts';
export { DockerConfig, dockerConfigBytesMax, dockerConfigFile } from './docker-config.ts';
export type { PushedBlob, RegistryRepositoryOptions } from './repository.ts';
export { RegistryRepository } from './repository.ts';
