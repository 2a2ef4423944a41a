/** A client out of a Debian package, unpacked and never installed. */
export interface DebianPin {
  readonly kind: 'debian';
  readonly package: string;
  readonly version: string;
  /** Of the amd64 `.deb`. */
  readonly sha256: string;
  /** The program inside the package. */
  readonly program: string;
  /** Given before the caller's own arguments. */
  readonly argumentsFirst: readonly string[];
}

/** A client built from a Go module. */
export interface GoPin {
  readonly kind: 'go';
  readonly package: string;
  readonly version: string;
  /** It compiles for so long that only `kiln test --full` has it. */
  readonly large?: true;
}

/** A client out of a Python package. */
export interface PythonPin {
  readonly kind: 'python';
  readonly package: string;
  readonly version: string;
  /** `NAME==VERSION` of everything that it needs. */
  readonly needs: readonly string[];
  /** Lines of Python without single quotes. */
  readonly program: readonly string[];
}

/** Which client is pinned how. */
export interface ClientPins {
  readonly skopeo: DebianPin;
  readonly umoci: DebianPin;
  readonly runc: DebianPin;
  readonly cpio: DebianPin;
  readonly chromium: DebianPin;
  readonly crane: GoPin;
  readonly cosign: GoPin;
  readonly regctl: GoPin;
  readonly 'spdx-validate': PythonPin;
  readonly 'cyclonedx-validate': PythonPin;
  readonly syft: GoPin;
}

export type ClientName = keyof ClientPins;

/**
 * The strangers that judge what Kiln serves. A Debian version that the archive no longer has is replaced by the
 * archive's current one, which the installer says; a Go version never changes.
 */
export const clientPins: ClientPins = {
  skopeo: {
    kind: 'debian',
    package: 'skopeo',
    version: '1.9.3+ds1-1+b10',
    sha256: '5c1978f6a95577b143be772bbe50c247a28132a5cc961c74d4d2a6f2b1ab4f3d',
    program: 'usr/bin/skopeo',
    // Hosts without container tools have no signature policy file.
    argumentsFirst: ['--insecure-policy'],
  },
  umoci: {
    kind: 'debian',
    package: 'umoci',
    version: '0.4.7+ds-3+b7',
    sha256: '8adce0c435368b8514425bfa31647ff1629241c97331ba4cd3da838a61a58e5a',
    program: 'usr/bin/umoci',
    argumentsFirst: [],
  },
  runc: {
    kind: 'debian',
    package: 'runc',
    version: '1.1.5+ds1-1+deb12u1',
    sha256: 'a00351f8c0318de0b424ecf5cd0fdb69880a89f3511cae4f6fff7de3e57881c5',
    program: 'usr/sbin/runc',
    argumentsFirst: [],
  },
  cpio: {
    kind: 'debian',
    package: 'cpio',
    version: '2.13+dfsg-7.1',
    sha256: '73d4a22bdd7eb6be1e480d6884b103eb500cfd539cc20ae0f3e44dd8b0614798',
    program: 'bin/cpio',
    argumentsFirst: [],
  },
  chromium: {
    kind: 'debian',
    package: 'chromium',
    version: '156.0.8078.79-1~deb12u1',
    sha256: '8f1f898bd42225ffb0dd2ca0234505ab9e9a2fc1493f996a091afe32218d8996',
    program: 'usr/lib/chromium/chromium',
    argumentsFirst: [],
  },
  crane: {
    kind: 'go',
    package: 'github.com/google/go-containerregistry/cmd/crane',
    version: 'v0.22.1',
  },
  cosign: {
    kind: 'go',
    package: 'github.com/sigstore/cosign/v3/cmd/cosign',
    version: 'v3.1.3',
  },
  regctl: {
    kind: 'go',
    package: 'github.com/regclient/regclient/cmd/regctl',
    version: 'v0.11.7',
  },
  'spdx-validate': {
    kind: 'python',
    package: 'spdx-tools',
    version: '0.8.5',
    needs: [
      'beartype==0.23.1',
      'boolean.py==5.0',
      'click==8.5.1',
      'license-expression==30.4.4',
      'ply==3.11',
      'pyparsing==3.3.3',
      'PyYAML==6.0.4',
      'rdflib==7.6.0',
      'semantic-version==2.10.0',
      'uritools==7.0.0',
      'xmltodict==1.0.4',
    ],
    program: ['from spdx_tools.spdx.clitools.pyspdxtools import main', 'main()'],
  },
  'cyclonedx-validate': {
    kind: 'python',
    package: 'cyclonedx-python-lib',
    version: '11.12.0',
    needs: [
      'arrow==1.4.0',
      'attrs==26.1.0',
      'boolean.py==5.0',
      'defusedxml==0.7.1',
      'fqdn==1.6.0',
      'idna==3.20',
      'isoduration==20.11.0',
      'jsonpointer==3.12',
      'jsonschema==4.26.0',
      'jsonschema-specifications==2025.9.1',
      'lark==1.3.1',
      'license-expression==30.4.4',
      'packageurl-python==0.17.6',
      'py-serializable==2.2.0',
      'python-dateutil==4.0.0',
      'referencing==0.37.0',
      'rfc3339-validator==0.1.4',
      'rfc3986-validator==0.1.1',
      'rfc3987-syntax==1.1.0',
      'rpds-py==2026.9.1',
      'six==1.17.0',
      'sortedcontainers==2.4.0',
      'typing_extensions==4.16.0',
      'tzdata==2026.6',
      'uri-template==1.3.0',
      'webcolors==25.10.0',
    ],
    program: [
      'import sys',
      'from cyclonedx.schema import SchemaVersion',
      'from cyclonedx.validation.json import JsonStrictValidator',
      'text = open(sys.argv[1], encoding="utf-8").read()',
      'error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)',
      'sys.exit(None if error is None else str(error))',
    ],
  },
  syft: {
    kind: 'go',
    package: 'github.com/anchore/syft/cmd/syft',
    version: 'v1.57.1',
    large: true,
  },
};
