/** A directory of the host that appears in the sandbox. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** A port of a sandbox's loopback interface that leads to a Unix socket of the host. */
export interface Relay {
  readonly port: number;
  /** Absolute, on the host. */
  readonly socket: string;
}

export interface SandboxRequest {
  /** Host directories that form `/`, lowest first; a throw-away upper layer takes the writes. */
  readonly roots: readonly string[];
  /**
   * Absolute, on the host: what commands write to `/` stays there for the next one that names it, one after the other, and
   * `/tmp` is part of it. Who names it removes it. Default: nothing stays.
   */
  readonly keptRoot?: string;
  readonly mounts: readonly Mount[];
  readonly argv: readonly string[];
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Default `kiln`. */
  readonly hostname?: string;
  readonly uid: number;
  readonly gid: number;
  /**
   * `none` (default): the command's user is the host's user in another name, without any capability. With capabilities and
   * uid 0, where the host's user is root, the command runs as that root with them, as a container's root does: only for
   * builds that are trusted like the host's own. Those over `own` reach no further than what the host's user owns, whatever
   * the uid.
   */
  readonly privileges?:
    | 'none'
    | { readonly capabilities: readonly string[]; readonly over?: 'host' | 'own' };
  /** `none` leaves only a loopback interface. */
  readonly network: 'none' | 'host';
  /** With the network `none`: the one way out of it. */
  readonly relay?: Relay;
  readonly timeoutMs: number;
  /** Limit on the sandbox's CPUs as `nproc` reports them; undefined leaves the host's. */
  readonly cpus?: number;
  /**
   * `none` (default): standard input is empty. `inherit`: the command has a terminal of its own, shown on the caller's, from
   * where its keys come, Ctrl-C among them; `onOutput` gets nothing then.
   */
  readonly terminal?: 'none' | 'inherit';
  /** Standard output and error, interleaved as they come. */
  onOutput(chunk: Uint8Array): void;
  readonly signal?: AbortSignal;
}

export type SandboxResult =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'aborted' };

/**
 * Runs one command in a fresh, isolated view of the host: own user, mount, pid, ipc and (for `none`) network
 * namespaces, no capability that reaches outside, nothing of the host visible but roots and mounts.
 * All processes are gone when the promise settles.
 */
export interface Sandbox {
  run(request: SandboxRequest): Promise<SandboxResult>;
}
