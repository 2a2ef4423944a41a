import type { Digest } from '@kiln/base';
import {
  SLSA_PROVENANCE_PREDICATE,
  printStatement,
  slsaProvenance,
  statementAbout,
} from '@kiln/intoto';
import type { Provenance } from '@kiln/intoto';
import type { PreparedStatement } from './image-statements.ts';

/** What a factory knows of one package file and says under its signature. */
export interface PackageEvidence {
  /** The file's name, such as `zlib-1.3.1-r0.apk`; informational. */
  readonly file: string;
  /** Of the whole file, its own signature included. */
  readonly apk: Digest;
  readonly provenance: Provenance;
}

/** How one package file was made. Throws `INTOTO_STATEMENT_INVALID` when the evidence exceeds a limit. */
export function packageStatement({ file, apk, provenance }: PackageEvidence): PreparedStatement {
  const subject = { name: file, digest: apk };
  const predicate = slsaProvenance(provenance);
  return {
    predicateType: SLSA_PROVENANCE_PREDICATE,
    bytes: printStatement(statementAbout(subject, SLSA_PROVENANCE_PREDICATE, predicate)),
  };
}
