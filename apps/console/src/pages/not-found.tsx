import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { PageHeading } from '../ui/page.tsx';
import { paths } from '../urls.ts';

export function NotFoundPage(): ReactNode {
  return (
    <Missing title="There is no such page">The address leads nowhere in this console.</Missing>
  );
}

/** Something that does not exist, and where to look instead. */
export function Missing({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className="missing">
      <PageHeading title={title} />
      <p>{children}</p>
      <p>
        <Link to={paths.line}>The line</Link> shows every key, <Link to={paths.images}>Images</Link>{' '}
        and <Link to={paths.packages}>Packages</Link> what is published.
      </p>
    </div>
  );
}
