//! The database's shape and the program's.

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::app::{App, sqlite_in};

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    App::on(&sqlite_in(&folder)).await.stop().await.unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("payments.db"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'of the future', true, x'00', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;

    let refused = App::start(&sqlite_in(&folder), "1").ended().await;
    let sentence = refused.unwrap_err().to_string();
    assert_eq!(
        sentence,
        "the database is newer than this program: it has migration 9999. Run the newer version of the program"
    );
}
