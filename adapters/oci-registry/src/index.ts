export type { PushDecision, PushRequest, RegistryLimits } from './exchange.ts';
export { registryLimitsDefault } from './exchange.ts';
export type { OciRegistryOptions } from './registry.ts';
export { ociRegistry } from './registry.ts';
