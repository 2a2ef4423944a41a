import { Link, useParams, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ImageDetail, PackageOfImage } from '../api/client.ts';
import { useHistory, useImage, useKey, useWhy } from '../api/queries.ts';
import { count, formatBytes, formatDuration } from '../format.ts';
import { Changes } from '../ui/changes.tsx';
import { Command, LongName } from '../ui/copy.tsx';
import { ExpandableRow } from '../ui/expandable-row.tsx';
import { Failure, Found, PageHeading, askAgain, useRefusal } from '../ui/page.tsx';
import { Settings } from '../ui/settings.tsx';
import { KeyLink, StateBadge } from '../ui/state.tsx';
import { Verdict } from '../ui/verdict.tsx';
import { Way } from '../ui/way.tsx';
import { paths, sbomUrl } from '../urls.ts';
import { Tags } from './images.tsx';
import { Missing } from './not-found.tsx';

export function ImagePage(): ReactNode {
  const { name } = useParams({ from: paths.image });
  return <OneImage key={name} name={name} />;
}

function OneImage({ name }: { readonly name: string }): ReactNode {
  const query = useImage(name);
  return (
    <Found
      what={`the image ${name}`}
      query={query}
      title={name}
      missing={<NotPublished name={name} />}
    >
      {(image) => (
        <>
          <nav aria-label="Breadcrumb" className="crumbs">
            <Link to={paths.images}>Images</Link>
          </nav>
          <div className="title-row">
            <PageHeading title={image.name} />
            <Tags tags={image.tags} />
            <span className="grow" />
            <Verdict good={image.tested} yes="Tests passed" no="Tests not passed" />
            <Verdict good={image.signed} yes="Signed" no="Not signed" />
          </div>
          <Identity image={image} />
          <Commands image={image} />
          <Settings image={image} />
          <div className="columns">
            <Tests image={image} />
            <Evidence image={image} />
          </div>
          <Contents image={image} />
          <History name={image.name} />
          <Layers image={image} />
        </>
      )}
    </Found>
  );
}

/** The catalog may ask for it already. */
function NotPublished({ name }: { readonly name: string }): ReactNode {
  const query = useKey(`image:${name}`);
  const missing = <Missing title="There is no such image">{`No image is named ${name}.`}</Missing>;
  return (
    <Found what={`the image ${name}`} query={query} title={name} missing={missing}>
      {(key) => (
        <div className="missing">
          <PageHeading title={name}>{`${name} is not published yet`}</PageHeading>
          <p>A tag appears when the image has been assembled, tested and signed.</p>
          <p className="related">
            <KeyLink name={key.key} /> <StateBadge state={key.status} />
          </p>
        </div>
      )}
    </Found>
  );
}

function Identity({ image }: { readonly image: ImageDetail }): ReactNode {
  return (
    <dl className="facts card">
      <div>
        <dt>Size</dt>
        <dd className="number">
          {formatBytes(image.sizeBytes)} <span className="muted">compressed</span>
        </dd>
      </div>
      <div>
        <dt>Contents</dt>
        <dd>
          {count(image.packages.length, 'package')} in {count(image.layers.length, 'layer')}
        </dd>
      </div>
      <div>
        <dt>Key</dt>
        <dd>
          <KeyLink name={image.key} />
        </dd>
      </div>
      <div className="wide">
        <dt>Digest of the index, which the tags point at</dt>
        <dd>
          <LongName text={image.digest} label="the digest of the index" />
        </dd>
      </div>
      <div className="wide">
        <dt>Digest of the manifest (linux/amd64)</dt>
        <dd>
          <LongName text={image.manifest} label="the digest of the manifest" />
        </dd>
      </div>
    </dl>
  );
}

function Commands({ image }: { readonly image: ImageDetail }): ReactNode {
  return (
    <section className="card" aria-labelledby="use-heading">
      <h2 id="use-heading">Use it</h2>
      <Command title="Run it in a sandbox" command={`./kiln image run ${image.name}`} />
      <Command title="Pull it" command={`docker pull ${image.reference}`} />
      <Command title="Check everything it claims" command={`./kiln verify ${image.reference}`} />
      <Command title="Check its signature with a stranger’s tool" command={image.verify} />
    </section>
  );
}

function Tests({ image }: { readonly image: ImageDetail }): ReactNode {
  return (
    <section className="card" aria-labelledby="tests-heading">
      <h2 id="tests-heading">Tests</h2>
      {image.tests.length === 0 && <p className="muted">None</p>}
      <ul className="plain">
        {image.tests.map((one) => (
          <li key={one.name} className="related">
            <Verdict good={one.passed} yes="Passed" no="Failed" />
            <span>{one.name}</span>
            <span className="grow" />
            <span className="muted number">{formatDuration(one.durationMs)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What the predicate types of in-toto statements are called by people. */
const evidence = [
  ['https://sigstore.dev/cosign/sign/', 'Signature'],
  ['https://slsa.dev/provenance/', 'SLSA provenance'],
  ['https://spdx.dev/', 'SPDX software bill of materials'],
  ['https://cyclonedx.org/bom', 'CycloneDX software bill of materials'],
  ['https://in-toto.io/attestation/test-result/', 'Test result'],
  ['https://apko.dev/image-configuration', 'Locked image configuration'],
] as const;

function evidenceName(predicateType: string): string {
  return evidence.find(([prefix]) => predicateType.startsWith(prefix))?.[1] ?? predicateType;
}

function Evidence({ image }: { readonly image: ImageDetail }): ReactNode {
  const types = [...new Set(image.attachments.map((one) => one.predicateType))];
  const subjects = (type: string): string => {
    const about = image.attachments
      .filter((one) => one.predicateType === type)
      .map((one) => one.subject);
    return [
      ...(about.includes(image.digest) ? ['index'] : []),
      ...(about.some((one) => one !== image.digest) ? ['manifest'] : []),
    ].join(' and ');
  };
  return (
    <section className="card" aria-labelledby="evidence-heading">
      <h2 id="evidence-heading">Signed statements</h2>
      {types.length === 0 && <p className="muted">None is attached to this image.</p>}
      <ul className="plain">
        {types.map((type) => (
          <li key={type} className="related" title={type}>
            <span>{evidenceName(type)}</span>
            <span className="grow" />
            <span className="muted">about the {subjects(type)}</span>
          </li>
        ))}
      </ul>
      <Bills image={image} types={types} />
    </section>
  );
}

const bills = [
  { format: 'spdx', title: 'SPDX', prefix: 'https://spdx.dev/' },
  { format: 'cyclonedx', title: 'CycloneDX', prefix: 'https://cyclonedx.org/bom' },
] as const;

/** The bills of materials that are attached, as files. */
function Bills({
  image,
  types,
}: {
  readonly image: ImageDetail;
  readonly types: readonly string[];
}): ReactNode {
  const there = bills.filter(({ prefix }) => types.some((type) => type.startsWith(prefix)));
  if (there.length === 0) return null;
  return (
    <>
      <p className="controls">
        {there.map(({ format, title }) => (
          <a
            key={format}
            className="button"
            href={sbomUrl(image.name, image.digest, format)}
            download
          >
            Download {title}
          </a>
        ))}
      </p>
      <Command
        title="Print the bill of materials, its signature checked here"
        command={`./kiln image sbom ${image.name}`}
      />
    </>
  );
}

/** How its tags moved, and what that changed. */
function History({ name }: { readonly name: string }): ReactNode {
  const { before } = useSearch({ from: paths.image });
  const query = useHistory(name, before);
  const error = useRefusal(query);
  if (query.data === undefined)
    return error === null || error.status === 404 ? null : (
      <Failure error={error} again={() => askAgain(query)} />
    );
  return (
    <Changes
      title="History"
      history={query.data}
      before={before}
      compared
      pageLink={(earlier, words) => (
        <Link
          to={paths.image}
          params={{ name }}
          search={earlier === undefined ? {} : { before: earlier }}
          resetScroll={false}
          className="button"
        >
          {words}
        </Link>
      )}
    />
  );
}

function Layers({ image }: { readonly image: ImageDetail }): ReactNode {
  return (
    <section aria-labelledby="layers-heading">
      <h2 id="layers-heading">Layers</h2>
      <div className="scroll card" role="region" aria-label="Table of layers" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col" className="right">
                Layer
              </th>
              <th scope="col" className="right">
                Size
              </th>
              <th scope="col">Digest</th>
              <th scope="col">Digest of the uncompressed tar</th>
            </tr>
          </thead>
          <tbody>
            {image.layers.map((one, index) => (
              <tr key={one.digest}>
                <td className="right number">{index + 1}</td>
                <td className="right number nowrap">{formatBytes(one.sizeBytes)}</td>
                <td>
                  <code className="fold">{one.digest}</code>
                </td>
                <td>
                  <code className="fold">{one.diffId}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Contents({ image }: { readonly image: ImageDetail }): ReactNode {
  return (
    <section aria-labelledby="packages-heading">
      <h2 id="packages-heading">Packages</h2>
      <div
        className="scroll bounded card"
        role="region"
        aria-label="Table of packages"
        tabIndex={0}
      >
        <table>
          <thead>
            <tr>
              <th scope="col">Package</th>
              <th scope="col">Why it is there</th>
              <th scope="col">Version</th>
              <th scope="col">Licence</th>
              <th scope="col">Built from</th>
              <th scope="col" className="right">
                Installed size
              </th>
            </tr>
          </thead>
          <tbody>
            {image.packages.map((one) => (
              <ExpandableRow
                key={one.name}
                words="Why"
                about={`is ${one.name} there`}
                columns={6}
                before={
                  <th scope="row">
                    <Link to={paths.package} params={{ name: one.name }}>
                      {one.name}
                    </Link>
                  </th>
                }
                after={<PackageCells one={one} />}
              >
                <Reason name={image.name} digest={image.digest} package={one.name} />
              </ExpandableRow>
            ))}
          </tbody>
        </table>
      </div>
      <Command title="Why a file is in it" command={`./kiln image why ${image.name} /etc/passwd`} />
    </section>
  );
}

function PackageCells({ one }: { readonly one: ImageDetail['packages'][number] }): ReactNode {
  return (
    <>
      <td className="number nowrap">{one.version}</td>
      <td>{one.license === '' ? <span className="muted">not stated</span> : one.license}</td>
      <td>{one.origin}</td>
      <td className="right number nowrap">{formatBytes(one.installedSizeBytes)}</td>
    </>
  );
}

/** Why a package is there; it is asked for when it is shown. */
function Reason(one: PackageOfImage): ReactNode {
  const query = useWhy(one);
  const error = useRefusal(query);
  if (query.data !== undefined) return <Way steps={query.data.why} />;
  if (error !== null) return <Failure error={error} again={() => askAgain(query)} />;
  return (
    <p role="status" className="muted">
      Looking into the image
    </p>
  );
}
