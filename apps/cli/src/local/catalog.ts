import fs from 'node:fs';
import path from 'node:path';
import { KilnError, shorten } from '@kiln/base';
import { parseCatalogDocument, type CatalogSettings } from '@kiln/factory';
import { readText } from './recipe-file.ts';

/** A catalog as builds without a factory see it. */
export interface LocalCatalog {
  readonly settings: CatalogSettings;
  /** The folder of its pipelines; undefined without one. */
  readonly pipelines: string | undefined;
}

/**
 * Reads what `catalog.yaml` says for every build. As in a factory, a catalog beside Kiln OS has the environment of Kiln OS
 * where it says nothing else. Throws `CATALOG_NOT_FOUND` and what `parseCatalogDocument` throws.
 */
export function readLocalCatalog(folder: string, osCatalog: string): LocalCatalog {
  const isBase = path.resolve(folder) === path.resolve(osCatalog);
  const base = isBase ? undefined : settingsOf(osCatalog, undefined);
  const pipelines = path.join(folder, 'pipelines');
  return {
    settings: settingsOf(folder, base),
    pipelines: fs.existsSync(pipelines) ? pipelines : undefined,
  };
}

function settingsOf(folder: string, base: CatalogSettings | undefined): CatalogSettings {
  const file = path.join(folder, 'catalog.yaml');
  if (!fs.existsSync(file))
    throw new KilnError(
      'CATALOG_NOT_FOUND',
      `there is no catalog.yaml in ${shorten(folder, 200)}`,
      {
        hint: 'kiln init DIR makes a catalog; --catalog names its folder',
      },
    );
  return parseCatalogDocument(readText(file), file, base).settings;
}
