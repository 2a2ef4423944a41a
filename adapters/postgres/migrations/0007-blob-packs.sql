-- Where packed blobs are. A pack says itself which blobs it holds; here are the first 48 bits of their digests, as numbers
-- that every client reads exactly, so that a row and its index entry are small. Two blobs may begin alike.

create table blob_pack (
  id integer generated always as identity primary key,
  name text collate "C" not null unique,
  -- Rows of blob_pack_entry that are left.
  entries integer not null
);

create table blob_pack_entry (
  digest_start bigint not null,
  pack integer not null,
  entry integer not null
);
create index blob_pack_entry_digest on blob_pack_entry (digest_start);
