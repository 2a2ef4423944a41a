import { KilnError, shorten } from '@kiln/base';
import { goSlice, goStruct, type GoValue } from '@kiln/go-template';
import type { Update } from '@kiln/recipe';
import { pointerTo } from './image-view.ts';

/** The block `update` under melange's names, methods included. */
export function updateView(update: Update): GoValue {
  return goStruct({
    Enabled: update.enabled,
    Manual: update.manual,
    RequireSequential: update['require-sequential'],
    Shared: update.shared,
    VersionSeparator: update['version-separator'],
    IgnoreRegexPatterns: goSlice(update['ignore-regex-patterns']),
    ReleaseMonitor: pointerTo(
      update['release-monitor'],
      (one) => ({
        Identifier: one.identifier,
        StripPrefix: one['strip-prefix'],
        StripSuffix: one['strip-suffix'],
        VersionFilterContains: one['version-filter-contains'],
        VersionFilterPrefix: one['version-filter-prefix'],
      }),
      (one) =>
        monitorMethods({
          ...one,
          'tag-filter-prefix': one['version-filter-prefix'],
          'tag-filter-contains': one['version-filter-contains'],
        }),
    ),
    GitHubMonitor: pointerTo(
      update.github,
      (one) => ({
        Identifier: one.identifier,
        StripPrefix: one['strip-prefix'],
        StripSuffix: one['strip-suffix'],
        TagFilter: one['tag-filter'],
        TagFilterPrefix: one['tag-filter-prefix'],
        TagFilterContains: one['tag-filter-contains'],
        UseTags: one['use-tag'],
      }),
      monitorMethods,
    ),
    GitMonitor: pointerTo(update.git, tagFields, monitorMethods),
    OCIMonitor: pointerTo(
      update.oci,
      (one) => ({ Identifier: one.identifier, ...tagFields(one) }),
      monitorMethods,
    ),
    VersionDataMonitor: pointerTo(update.version_data, versionDataFields),
    VersionTransform: goSlice(
      update['version-transform'].map(({ match, replace }) =>
        goStruct({ Match: match, Replace: replace }),
      ),
    ),
    ExcludeReason: update['exclude-reason'],
    Schedule: pointerTo(
      update.schedule,
      ({ reason, period }) => ({ Reason: reason, Period: period }),
      ({ period }) => ({ GetScheduleMessage: () => scheduleMessage(period) }),
    ),
    EnablePreReleaseTags: update['enable-prerelease-tags'],
  });
}

function tagFields(filter: NonNullable<Update['git']>): Readonly<Record<string, GoValue>> {
  return {
    StripPrefix: filter['strip-prefix'],
    StripSuffix: filter['strip-suffix'],
    TagFilterPrefix: filter['tag-filter-prefix'],
    TagFilterContains: filter['tag-filter-contains'],
  };
}

/** Every monitor answers to these, whatever its fields are called. */
function monitorMethods(
  filter: NonNullable<Update['git']>,
): Readonly<Record<string, () => GoValue>> {
  return {
    GetStripPrefix: () => filter['strip-prefix'],
    GetStripSuffix: () => filter['strip-suffix'],
    GetFilterPrefix: () => filter['tag-filter-prefix'],
    GetFilterContains: () => filter['tag-filter-contains'],
  };
}

/** Throws `TEMPLATE_FAILED` for a period that is none. */
function scheduleMessage(period: string): string {
  if (/^(?:dai|week|month)ly$/.test(period)) return `Scheduled ${period} update check`;
  throw new KilnError('TEMPLATE_FAILED', `GetScheduleMessage: no such period: ${shorten(period)}`);
}

function versionDataFields({
  version_format: format,
  sources = [],
}: NonNullable<Update['version_data']>): Readonly<Record<string, GoValue>> {
  const views = sources.map((source) =>
    goStruct({
      Name: source.name,
      Stream: source.stream,
      Ignore: goSlice(source.ignore),
      CommitSource: source.commit_source,
      UseRelease: source.use_release,
    }),
  );
  return { Format: format, Sources: goSlice(views) };
}
