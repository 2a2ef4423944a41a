/** What a linter's findings do unless a policy says otherwise: fail the build, warn, or nothing as it does not run. */
export type Severity = 'required' | 'warn' | 'off';

export interface LinterDescription {
  readonly severity: Severity;
  /** What it fires on, for the documentation. */
  readonly finds: string;
  /** What to do about a finding. */
  readonly explain: string;
}

export type LinterName =
  | 'binaryarch'
  | 'cudaruntimelib'
  | 'dev'
  | 'dll'
  | 'documentation'
  | 'duplicate'
  | 'dylib'
  | 'empty'
  | 'infodir'
  | 'lddcheck'
  | 'libtool/la-files'
  | 'maninfo'
  | 'nonlinux'
  | 'object'
  | 'opt'
  | 'pkgconf'
  | 'python/docs'
  | 'python/multiple'
  | 'python/test'
  | 'sbom'
  | 'setuidgid'
  | 'srv'
  | 'staticarchive'
  | 'strip'
  | 'tempdir'
  | 'unsupportedarch'
  | 'usrlocal'
  | 'usrmerge'
  | 'varempty'
  | 'worldwrite';

/**
 * Every linter with what it says, sorted. Tools read the explanations in persisted results, and there they are those of
 * melange: so they stay as they are.
 */
export const catalogue: Readonly<Record<LinterName, LinterDescription>> = {
  binaryarch: {
    severity: 'warn',
    finds: 'programs and libraries for a machine other than x86-64 and AArch64',
    explain:
      'This package contains binaries compiled for unsupported architectures (only aarch64/arm64 and amd64/x86_64 binaries are supported)',
  },
  cudaruntimelib: {
    severity: 'warn',
    finds: "the driver's `libcuda.so` or `libnvidia-ml.so` in `usr/lib`",
    explain:
      'CUDA driver-specific libraries should be passed into the container by the host. Installing them in an image could override the host libraries and break GPU support. If this library is needed for build-time linking or ldd-check tests, please use a package containing a stub library instead. For libcuda.so, use nvidia-cuda-cudart-$cuda_version. For libnvidia-ml.so, use nvidia-cuda-nvml-dev-$cuda_version.',
  },
  dev: {
    severity: 'required',
    finds: 'anything but directories in `dev/`',
    explain:
      'If this package is creating /dev nodes, it should use udev instead; otherwise, remove any files in /dev',
  },
  dll: {
    severity: 'warn',
    finds: '`.dll` files outside `-dev` packages',
    explain: 'This package contains Windows libraries',
  },
  documentation: {
    severity: 'off',
    finds: 'read-me files, Markdown and the like outside `-doc` packages',
    explain: 'Place documentation into a separate package or remove it',
  },
  duplicate: {
    severity: 'warn',
    finds:
      'files of 1 KiB and more with one name and content in several directories, licence texts aside',
    explain:
      'This package contains files with the same name and content in different directories (consider symlinking)',
  },
  dylib: {
    severity: 'warn',
    finds: '`.dylib` files outside `-dev` packages',
    explain: 'This package contains macOS libraries',
  },
  empty: {
    severity: 'off',
    finds: 'no file at all',
    explain:
      'Verify that this package is supposed to be empty; if it is, disable this linter; otherwise check the build',
  },
  infodir: {
    severity: 'required',
    finds: '`usr/share/info/dir`, which belongs to all packages together',
    explain: 'Remove /usr/share/info/dir from the package (run split/infodir)',
  },
  lddcheck: {
    severity: 'warn',
    finds: 'shared objects, where the test runs neither `test/ldd-check` nor `test/tw/ldd-check`',
    explain: 'This package provides shared object files, please add the ldd-check test pipeline',
  },
  'libtool/la-files': {
    severity: 'required',
    finds: '`.la` files',
    explain:
      'Remove libtool archive (.la) files from the package, or disable this linter if they are required',
  },
  maninfo: {
    severity: 'warn',
    finds: 'manual and info pages outside `-doc` packages',
    explain: 'Place documentation into a separate package or remove it',
  },
  nonlinux: {
    severity: 'warn',
    finds: 'paths that mention macOS or Windows',
    explain: 'This package contains references to non-Linux paths',
  },
  object: {
    severity: 'warn',
    finds: '`.o` files',
    explain: 'This package contains intermediate object files (.o files)',
  },
  opt: {
    severity: 'warn',
    finds: 'files in `opt/` outside `-compat` packages',
    explain: 'This package should be a -compat package',
  },
  pkgconf: {
    severity: 'warn',
    finds: 'files for pkg-config, where the test does not run `test/pkgconf`',
    explain:
      'This package provides files in a pkgconfig directory, please add the pkgconf test pipeline',
  },
  'python/docs': {
    severity: 'warn',
    finds: '`doc` or `docs` in `site-packages`',
    explain: 'Remove all docs directories from the package',
  },
  'python/multiple': {
    severity: 'warn',
    finds: 'more than one module in `site-packages`',
    explain:
      'Split this package up into multiple packages and verify you are not improperly using pip install',
  },
  'python/test': {
    severity: 'warn',
    finds: '`test` or `tests` in `site-packages`',
    explain: 'Remove all test directories from the package',
  },
  sbom: {
    severity: 'warn',
    finds: "files in the SBOMs' directory that are none",
    explain: 'Remove any files in /var/lib/db/sbom from the package',
  },
  setuidgid: {
    severity: 'required',
    finds: 'files with setuid, setgid or sticky bit',
    explain: 'Unset the setuid/setgid bit on the relevant files, or remove this linter',
  },
  srv: {
    severity: 'warn',
    finds: 'files in `srv/` outside `-compat` packages',
    explain: 'This package should be a -compat package',
  },
  staticarchive: {
    severity: 'warn',
    finds: '`.a` files outside `-dev` and `-static` packages',
    explain: 'This package contains static archives (.a files)',
  },
  strip: {
    severity: 'warn',
    finds: 'programs and libraries with debug information',
    explain: 'Properly strip all binaries in the pipeline',
  },
  tempdir: {
    severity: 'required',
    finds:
      'files in `tmp/`, `var/tmp/` and `run/`, anything in `var/run/`, and directories in `run/` that no file in `usr/lib/tmpfiles.d/` makes',
    explain:
      'Remove any offending files in temporary dirs in the pipeline, or add a /usr/lib/tmpfiles.d/ snippet in the case of dirs under /run/',
  },
  unsupportedarch: {
    severity: 'warn',
    finds: 'paths that name an architecture other than x86-64 and AArch64',
    explain:
      'This package contains references to unsupported architectures (only aarch64/arm64 and amd64/x86_64 are supported)',
  },
  usrlocal: {
    severity: 'warn',
    finds: 'files in `usr/local/` outside `-compat` packages',
    explain: 'This package should be a -compat package',
  },
  usrmerge: {
    severity: 'required',
    finds:
      'paths in `bin`, `sbin`, `usr/sbin`, `lib` and `lib64`, which are links on a merged system',
    explain: 'Move binary to /usr/bin',
  },
  varempty: {
    severity: 'required',
    finds: 'files in `var/empty/`',
    explain: 'Remove any offending files in /var/empty in the pipeline',
  },
  worldwrite: {
    severity: 'required',
    finds: 'files that everybody may change',
    explain:
      'Change the permissions of any permissive files in the package, disable the linter, or make this a -compat package',
  },
};

/** All linters, sorted. */
export const linterNames: readonly LinterName[] = Object.keys(catalogue) as LinterName[];

export function isLinterName(name: string): name is LinterName {
  return Object.hasOwn(catalogue, name);
}

export function lintersOf(severity: Severity): readonly LinterName[] {
  return linterNames.filter((name) => catalogue[name].severity === severity);
}
