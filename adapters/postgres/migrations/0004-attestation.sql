-- What is said, under a signature, of package files: one statement of each type about a file.
create table attestation (
  subject text not null,
  predicate_type text not null,
  bundle text not null,
  key text not null,
  created_at bigint not null,
  primary key (subject, predicate_type)
);
