-- Tests of packages are keys of their own.
alter table desired
  drop constraint desired_kind_check,
  add constraint desired_kind_check check (kind in ('seed', 'package', 'test', 'index', 'image'));
