import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followChanges } from './api/live.ts';
import { makeQueryClient } from './api/queries.ts';
import { makeRouter } from './router.tsx';
import './style.css';

const root = document.getElementById('root');
if (root === null) throw new Error('assertion failed: the page has no root element');

const queries = makeQueryClient();
followChanges(queries);
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={makeRouter()} />
    </QueryClientProvider>
  </StrictMode>,
);
