-- What the registry shows: repositories, the blobs and manifests visible in each, and tags with their history.
-- Bytes are elsewhere, by digest. Names compare bytewise, as the distribution specification lists them.

CREATE TABLE registry_repository (
  name text COLLATE "C" PRIMARY KEY,
  created_at bigint NOT NULL
);

CREATE TABLE registry_blob (
  repository text COLLATE "C" NOT NULL REFERENCES registry_repository (name),
  digest text COLLATE "C" NOT NULL,
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  PRIMARY KEY (repository, digest)
);

CREATE TABLE registry_manifest (
  repository text COLLATE "C" NOT NULL REFERENCES registry_repository (name),
  digest text COLLATE "C" NOT NULL,
  media_type text NOT NULL,
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  subject text COLLATE "C",
  artifact_type text COLLATE "C",
  -- json, not jsonb: annotations may contain escaped NUL characters, and are only ever read whole.
  annotations json NOT NULL,
  PRIMARY KEY (repository, digest)
);

CREATE INDEX registry_manifest_subject ON registry_manifest (repository, subject, digest)
  WHERE subject IS NOT NULL;

CREATE TABLE registry_tag (
  repository text COLLATE "C" NOT NULL,
  tag text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  moved_at bigint NOT NULL,
  PRIMARY KEY (repository, tag),
  FOREIGN KEY (repository, digest) REFERENCES registry_manifest (repository, digest)
);

CREATE INDEX registry_tag_digest ON registry_tag (repository, digest);

-- One row for each step in the life of a tag; a deleted tag has no digest.
CREATE TABLE registry_tag_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  repository text COLLATE "C" NOT NULL,
  tag text COLLATE "C" NOT NULL,
  digest text COLLATE "C",
  at bigint NOT NULL
);

CREATE INDEX registry_tag_event_tag ON registry_tag_event (repository, tag, id DESC);
