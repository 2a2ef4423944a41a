import { KilnError, messageOf } from '@kiln/base';
import type { FactoryRecords } from '@kiln/factory';
import { imageKey } from '@kiln/factory';
import type { PushDecision, PushRequest } from '@kiln/oci-registry';
import { refuseForeign } from './api/own-pages.ts';

/**
 * Who may change what in the registry. The tags of the factory's own images move only through its reconcilers, after
 * tests, SBOM, provenance and signature; what is deleted of them is made again. Everything else is free to local clients,
 * but not to pages of other origins in a person's browser.
 */
export function pushPolicy(
  records: Pick<FactoryRecords, 'desired'>,
): (push: PushRequest) => Promise<PushDecision> {
  return async ({ action, repository, tags, header }) => {
    try {
      refuseForeign({ host: header('host'), origin: header('origin') });
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      return { allowed: false, message: messageOf(error) };
    }
    if (action !== 'push-manifest' || tags.length === 0) return { allowed: true };
    const owned =
      /^[A-Za-z0-9._-]+$/.test(repository) && (await records.desired(imageKey(repository)));
    if (!owned) return { allowed: true };
    return {
      allowed: false,
      message: `the factory moves the tags of ${repository}; push under another name`,
    };
  };
}
