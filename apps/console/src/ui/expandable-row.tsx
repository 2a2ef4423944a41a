import type { ReactNode } from 'react';
import { useId, useState } from 'react';

export interface ExpandableRowProps {
  /** The cells before the button, and those after it. */
  readonly before: ReactNode;
  readonly after: ReactNode;
  /** What the button says, and what of that only those need who do not see the row. */
  readonly words: string;
  readonly about: string;
  /** Of the table, with that of the button. */
  readonly columns: number;
  /** What is below while the row is open; it is not made before. */
  readonly children: ReactNode;
}

/** A row of a table, with a button that opens a row below it. */
export function ExpandableRow(props: ExpandableRowProps): ReactNode {
  const { before, after, words, about, columns, children } = props;
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <tr>
        {before}
        <td>
          <button
            type="button"
            className="small"
            aria-expanded={open}
            {...(open ? { 'aria-controls': id } : {})}
            onClick={() => setOpen(!open)}
          >
            {words}
            <span className="visually-hidden"> {about}</span>
          </button>
        </td>
        {after}
      </tr>
      {open && (
        <tr id={id} className="opened">
          <td colSpan={columns}>
            <div>{children}</div>
          </td>
        </tr>
      )}
    </>
  );
}
