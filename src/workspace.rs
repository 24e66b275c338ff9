//! One project: a folder that can live in git, except the database.
