import Foundation

/// Accounts of a cluster: Slurm's own daemon for them, and below it a MariaDB in the test's directory.
extension Cluster {
    /// Why the test can have no accounts; nil: the programs are there.
    static let lackOfAccounts: String? = {
        let programs = ["slurmdbd", "sacctmgr", "mariadbd", "mariadb-install-db"]
        let missing = programs.filter { !FileManager.default.isExecutableFile(atPath: path(of: $0)) }
        return missing.isEmpty ? nil : "accounts need what is not installed here: \(missing.joined(separator: ", "))"
    }()

    private var accountsPort: Int { port + 20 }
    private var databasePort: Int { port + 21 }

    /// Lines of slurm.conf.
    var accountSettings: String {
        """
        AccountingStorageType=accounting_storage/slurmdbd
        AccountingStorageHost=127.0.0.1
        AccountingStoragePort=\(accountsPort)
        AccountingStoragePass=\(directory.path)/munge.socket
        AccountingStorageEnforce=associations,limits
        """
    }

    /// Starts the daemons, once munge answers and before the controller does, and lets this user submit for the accounts.
    func startAccounting(_ accounts: [String]) throws {
        let path = directory.path
        let user = NSUserName()
        let password = UUID().uuidString
        let setup = directory.appendingPathComponent("database.sql")
        try """
        CREATE DATABASE slurm;
        CREATE USER 'slurm'@'127.0.0.1' IDENTIFIED BY '\(password)';
        GRANT ALL ON slurm.* TO 'slurm'@'127.0.0.1';

        """.write(to: setup, atomically: true, encoding: .utf8)
        try run(
            "mariadb-install-db",
            [
                "--no-defaults", "--datadir=\(path)/database", "--user=\(user)", "--skip-test-db",
                "--auth-root-authentication-method=socket",
            ])
        try start(
            "mariadbd", "mariadbd",
            [
                "--no-defaults", "--user=\(user)", "--datadir=\(path)/database", "--socket=\(path)/database.socket",
                "--port=\(databasePort)", "--bind-address=127.0.0.1", "--pid-file=\(path)/database.pid",
                "--skip-name-resolve", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0",
                "--init-file=\(setup.path)",
            ])
        try wait(20, for: "mariadbd") { FileManager.default.fileExists(atPath: "\(path)/database.socket") }
        let configuration = directory.appendingPathComponent("slurmdbd.conf")
        try """
        AuthType=auth/munge
        AuthInfo=socket=\(path)/munge.socket
        DbdHost=localhost
        DbdAddr=127.0.0.1
        DbdPort=\(accountsPort)
        SlurmUser=\(user)
        PidFile=\(path)/slurmdbd.pid
        StorageType=accounting_storage/mysql
        StorageHost=127.0.0.1
        StoragePort=\(databasePort)
        StorageUser=slurm
        StoragePass=\(password)
        StorageLoc=slurm

        """.write(to: configuration, atomically: true, encoding: .utf8)
        // slurmdbd reads no configuration that others may read.
        chmod(configuration.path, 0o600)
        try start("slurmdbd", "slurmdbd", ["-D"])
        try wait(20, for: "slurmdbd") { (try? run("sacctmgr", ["--noheader", "show", "cluster"])) != nil }
        try run("sacctmgr", ["--immediate", "add", "cluster", "test"])
        for account in accounts {
            try run("sacctmgr", ["--immediate", "add", "account", account])
            try run("sacctmgr", ["--immediate", "add", "user", user, "account=\(account)"])
        }
    }
}
