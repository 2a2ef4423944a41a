import type { RuntimeConfig } from './types.ts';

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

/** The environment variables of a configuration, `NAME=VALUE` each (OCI image specification, "Properties", `Env`). Text without `=` is a name. */
export function environmentVariables({ env = [] }: RuntimeConfig): readonly EnvironmentVariable[] {
  return env.map((pair) => {
    const [name = ''] = pair.split('=', 1);
    return { name, value: pair.slice(name.length + 1) };
  });
}
