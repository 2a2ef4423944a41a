-- Content is known by its SHA-256. What was pushed under its SHA-512 has that name too, in the repository it was pushed
-- to and for as long as it is there; a tag tells the name it was given.
alter table registry_blob add column sha512 text collate "C";
alter table registry_manifest add column sha512 text collate "C";
alter table registry_tag add column sha512 text collate "C";

create index registry_blob_sha512 on registry_blob (repository, sha512) where sha512 is not null;
create index registry_manifest_sha512 on registry_manifest (repository, sha512) where sha512 is not null;
