import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { PackageDetail } from '../api/client.ts';
import { usePackage } from '../api/queries.ts';
import { formatBytes, formatDuration } from '../format.ts';
import { Command, LongName } from '../ui/copy.tsx';
import { Found, PageHeading, ProblemText } from '../ui/page.tsx';
import { KeyLink, StateBadge } from '../ui/state.tsx';
import { apkUrl, paths, provenanceUrl, webUrl } from '../urls.ts';
import { Missing } from './not-found.tsx';

export function PackagePage(): ReactNode {
  const { name } = useParams({ from: paths.package });
  return <OnePackage key={name} name={name} />;
}

function OnePackage({ name }: { readonly name: string }): ReactNode {
  const query = usePackage(name);
  const missing = (
    <Missing title="There is no such package">{`No repository has a package named ${name}.`}</Missing>
  );
  return (
    <Found what={`the package ${name}`} query={query} title={name} missing={missing}>
      {(one) => (
        <>
          <nav aria-label="Breadcrumb" className="crumbs">
            <Link to={paths.packages}>Packages</Link>
          </nav>
          <div className="title-row">
            <PageHeading title={one.name} />
            <span className="tag">{one.version}</span>
            <span className="grow" />
            {one.published && (
              <a className="button" href={apkUrl(one)} download>
                Download the apk
              </a>
            )}
          </div>
          <p className="lead">{one.description}</p>
          <Facts one={one} />
          <div className="columns">
            <Names title="Depends on" names={one.depends} />
            <Names title="Provides" names={one.provides} />
          </div>
          <Tests one={one} />
          <Findings one={one} />
          <Provenance one={one} />
          <Inputs one={one} />
        </>
      )}
    </Found>
  );
}

function Facts({ one }: { readonly one: PackageDetail }): ReactNode {
  const url = webUrl(one.url);
  return (
    <dl className="facts card">
      <div>
        <dt>Licence</dt>
        <dd>{one.license === '' ? 'Not stated' : one.license}</dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd className="number">
          {formatBytes(one.sizeBytes)}{' '}
          <span className="muted">installed {formatBytes(one.installedSizeBytes)}</span>
        </dd>
      </div>
      <div>
        <dt>Repository</dt>
        <dd>
          {one.repository} <span className="muted">{one.arch}</span>
        </dd>
      </div>
      <div>
        <dt>Built by</dt>
        <dd>
          <KeyLink name={one.key} />
        </dd>
      </div>
      <div>
        <dt>Upstream</dt>
        <dd>
          {url === undefined ? (
            one.url || 'Not stated'
          ) : (
            <a href={url} rel="noreferrer noopener" target="_blank">
              {one.url}
              <span className="visually-hidden"> in a new tab</span>
            </a>
          )}
        </dd>
      </div>
      <div className="wide">
        <dt>Digest of the apk</dt>
        <dd>
          <LongName text={one.apk} label="the digest of the apk" />
        </dd>
      </div>
    </dl>
  );
}

function Names({
  title,
  names,
}: {
  readonly title: string;
  readonly names: readonly string[];
}): ReactNode {
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      {names.length === 0 && <p className="muted">Nothing</p>}
      <ul className="plain">
        {names.map((name) => (
          <li key={name}>
            <code>{name}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Tests({ one }: { readonly one: PackageDetail }): ReactNode {
  const { test, heldBack } = one;
  if (test === null && heldBack === null) return null;
  return (
    <section
      className={heldBack === null ? 'card' : 'card attention'}
      aria-labelledby="tests-heading"
    >
      <h2 id="tests-heading">Tests</h2>
      {test !== null && (
        <p>
          <KeyLink name={test.key} /> <StateBadge state={test.status} />
        </p>
      )}
      {test !== null && test.error !== null && (
        <ProblemText code={test.error.code} message={test.error.message} hint={test.error.hint} />
      )}
      {heldBack !== null && (
        <p>
          {heldBack.version} is built and not published: it waits for{' '}
          {heldBack.tests.map((name) => (
            <span key={name}>
              <KeyLink name={name} />{' '}
            </span>
          ))}
        </p>
      )}
      <ul className="plain">
        {(test?.passed ?? []).map((passed) => (
          <li key={passed.package}>
            <code>{passed.package}</code> passed{' '}
            <span className="muted">in {formatDuration(passed.durationMs)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Findings({ one }: { readonly one: PackageDetail }): ReactNode {
  if (one.findings.length === 0) return null;
  return (
    <section className="card" aria-labelledby="findings-heading">
      <h2 id="findings-heading">Warnings of linters</h2>
      <dl>
        {one.findings.map((finding) => (
          <div key={finding.linter}>
            <dt>
              <code>{finding.linter}</code> {finding.message}
            </dt>
            <dd>
              <p className="muted">{finding.explain}</p>
              <ul className="plain">
                {finding.items.map((item) => (
                  <li key={item}>
                    <code className="fold">{item}</code>
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Provenance({ one }: { readonly one: PackageDetail }): ReactNode {
  const said = one.provenance;
  return (
    <section className="card" aria-labelledby="provenance-heading">
      <h2 id="provenance-heading">Provenance</h2>
      {said === null ? (
        <p className="muted">
          {one.published
            ? 'None: it was lost, and is signed again at the next resync.'
            : 'It is shown with the package, once its tests passed.'}
        </p>
      ) : (
        <>
          <p>
            <a href={provenanceUrl(one)} download>
              Download the signed statement
            </a>{' '}
            <span className="muted">of what the apk was built from, by whom and how</span>
          </p>
          <Command title="Check it" command={`./kiln verify package:${one.name}`} />
          <Command
            title="Check it with a stranger’s tool, beside both files"
            command={said.verify}
          />
        </>
      )}
    </section>
  );
}

function Inputs({ one }: { readonly one: PackageDetail }): ReactNode {
  if (one.inputs.length === 0) return null;
  return (
    <section aria-labelledby="inputs-heading">
      <h2 id="inputs-heading">What it was built from</h2>
      <div className="scroll card" role="region" aria-label="Inputs" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Input</th>
              <th scope="col">Where from</th>
              <th scope="col">Digest</th>
            </tr>
          </thead>
          <tbody>
            {one.inputs.map((input) => (
              <tr key={`${input.name} ${input.uri}`}>
                <th scope="row">{input.name}</th>
                <td>
                  <code className="fold">{input.uri}</code>
                </td>
                <td>
                  {Object.entries(input.digest).map(([algorithm, value]) => (
                    <code key={algorithm} className="fold">
                      {algorithm}:{value}
                    </code>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
