import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { ImagePage } from './pages/image.tsx';
import { ImagesPage } from './pages/images.tsx';
import { KeyPage } from './pages/key.tsx';
import { LinePage } from './pages/line.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { PackagePage } from './pages/package.tsx';
import { PackagesPage } from './pages/packages.tsx';
import { RepositoryPage } from './pages/repository.tsx';
import { CrashPage, Shell } from './ui/shell.tsx';
import {
  historySearch,
  imagesSearch,
  keySearch,
  lineSearch,
  packagesSearch,
  parseSearch,
  paths,
  printSearch,
} from './urls.ts';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });
const getParentRoute = (): typeof root => root;

export const lineRoute = createRoute({
  getParentRoute,
  path: paths.line,
  validateSearch: lineSearch,
  component: LinePage,
});
export const keyRoute = createRoute({
  getParentRoute,
  path: paths.key,
  validateSearch: keySearch,
  component: KeyPage,
});
export const imagesRoute = createRoute({
  getParentRoute,
  path: paths.images,
  validateSearch: imagesSearch,
  component: ImagesPage,
});
export const imageRoute = createRoute({
  getParentRoute,
  path: paths.image,
  validateSearch: historySearch,
  component: ImagePage,
});
export const repositoryRoute = createRoute({
  getParentRoute,
  path: paths.repository,
  validateSearch: historySearch,
  component: RepositoryPage,
});
export const packagesRoute = createRoute({
  getParentRoute,
  path: paths.packages,
  validateSearch: packagesSearch,
  component: PackagesPage,
});
export const packageRoute = createRoute({
  getParentRoute,
  path: paths.package,
  component: PackagePage,
});

const routeTree = root.addChildren([
  lineRoute,
  keyRoute,
  imagesRoute,
  imageRoute,
  repositoryRoute,
  packagesRoute,
  packageRoute,
]);

// oxlint-disable-next-line typescript/explicit-function-return-type -- the router's type is the tree above
export function makeRouter() {
  return createRouter({
    routeTree,
    parseSearch,
    stringifySearch: printSearch,
    pathParamsAllowedCharacters: [':', '@', '+'],
    scrollRestoration: true,
    defaultErrorComponent: CrashPage,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
