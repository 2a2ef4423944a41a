import { join } from 'node:path';
import { run } from './command.ts';
import type { GoPin } from './pins.ts';

/**
 * Builds `directory/bin/<name>` from a Go module, which the host's Go fetches and checks as it is configured to. Large
 * clients take minutes, although nothing is optimised: they run for seconds. Modules and compiled packages, which may be
 * gigabytes, are kept in `cache`, so that an interrupted build goes on and clients share what they have in common.
 */
export async function installGoClient(pin: GoPin, directory: string, cache: string): Promise<void> {
  const quick = ['-gcflags=all=-N -l -dwarf=false', '-ldflags=-s -w'];
  await run('go', ['install', '-trimpath', ...quick, `${pin.package}@${pin.version}`], {
    env: {
      GOBIN: join(directory, 'bin'),
      GOPATH: join(cache, 'path'),
      GOCACHE: join(cache, 'cache'),
      // Modules stay deletable, and nothing depends on a version control system or a C compiler.
      GOFLAGS: '-buildvcs=false -modcacherw',
      CGO_ENABLED: '0',
      // The compiler collects its garbage less often: up to a gigabyte for the largest packages.
      GOGC: '400',
    },
  });
}
