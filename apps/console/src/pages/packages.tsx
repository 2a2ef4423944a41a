import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { PackageSummary } from '../api/client.ts';
import { usePackages } from '../api/queries.ts';
import { count, formatBytes } from '../format.ts';
import { Filter, matches } from '../ui/filter.tsx';
import { Empty, Found, PageHeading } from '../ui/page.tsx';
import type { PackagesSearch } from '../urls.ts';
import { paths } from '../urls.ts';

/** What the apk repositories hold. */
export function PackagesPage(): ReactNode {
  const search = useSearch({ from: paths.packages });
  const navigate = useNavigate({ from: paths.packages });
  const query = usePackages(search.seed === 'true');
  const change = (next: PackagesSearch): void =>
    void navigate({ search: { ...search, ...next }, replace: true, resetScroll: false });
  return (
    <>
      <PageHeading title="Packages" />
      <div className="controls">
        <Filter
          label="Search packages"
          value={search.q ?? ''}
          onChange={(q) => change({ q: q === '' ? undefined : q })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={search.seed === 'true'}
            onChange={(event) => change({ seed: event.target.checked ? 'true' : undefined })}
          />
          With the seed (packages of build environments)
        </label>
      </div>
      <Found what="the packages" query={query}>
        {(packages) => {
          const rows = packages.filter((one) =>
            matches(search.q ?? '', [one.name, one.description, one.origin, one.license]),
          );
          return (
            <>
              <p className="muted" role="status">
                {rows.length === packages.length
                  ? count(rows.length, 'package')
                  : `${rows.length} of ${count(packages.length, 'package')}`}
              </p>
              {rows.length > 0 ? (
                <PackageTable packages={rows} />
              ) : packages.length > 0 ? (
                <Empty>
                  <p>No package matches.</p>
                  <button type="button" onClick={() => change({ q: undefined })}>
                    Show all packages
                  </button>
                </Empty>
              ) : (
                <Empty>
                  <p>No package is published yet. They appear together, with a new signed index.</p>
                </Empty>
              )}
            </>
          );
        }}
      </Found>
    </>
  );
}

function PackageTable({ packages }: { readonly packages: readonly PackageSummary[] }): ReactNode {
  return (
    <div className="scroll card" role="region" aria-label="Packages" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Package</th>
            <th scope="col">Version</th>
            <th scope="col">Description</th>
            <th scope="col">Licence</th>
            <th scope="col">Repository</th>
            <th scope="col" className="right">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {packages.map((one) => (
            <tr key={`${one.repository}/${one.arch}/${one.name}`}>
              <th scope="row">
                <Link to={paths.package} params={{ name: one.name }}>
                  {one.name}
                </Link>
              </th>
              <td className="number nowrap">{one.version}</td>
              <td className="reason">{one.description}</td>
              <td>
                {one.license === '' ? <span className="muted">not stated</span> : one.license}
              </td>
              <td className="nowrap">{one.repository}</td>
              <td className="right number nowrap">{formatBytes(one.sizeBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
