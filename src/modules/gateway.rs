//! A gateway's modules, from wherever they are known: its own file, the matrix, a list of the user's.

use crate::binary::Binary;
use crate::gateway::facts::Gateway;
use crate::matrix::modules::ModuleRow;
use crate::matrix::{Matrix, Release, modules};
use crate::modules::{GatewayModules, module_rows};
use crate::util::error::{Error, Result};

/// What it was built from; `None` if only its Go and libc are known.
///
/// # Errors
/// Its file or its list cannot be read.
pub(crate) fn modules(gateway: &Gateway, matrix: &Matrix) -> Result<Option<GatewayModules>> {
    if let Some(file) = &gateway.binary {
        let binary = Binary::open(file)?;
        let info = binary.build_info()?;
        let side = GatewayModules::from_binary(
            gateway.label.clone(),
            gateway.go.clone(),
            info.main.as_ref().map(|main| main.path.clone()),
            module_rows(&info),
            binary.package_hashes().map(|package| package.path.to_owned()).collect(),
        );
        return Ok(Some(side));
    }
    let own = matrix.named(&gateway.label);
    let Some(row) = own.or_else(|| gateway.release().and_then(|version| matrix.release(version))) else {
        return Ok(None);
    };
    let side = from_release(row)?.map(|side| GatewayModules {
        label: gateway.label.clone(),
        go: gateway.go.clone(),
        ..side
    });
    Ok(side)
}

/// The modules whose versions are in the paths of a gateway that was built with `-trimpath`; none for other gateways.
///
/// # Errors
/// As [`modules`].
pub(crate) fn linked_modules(gateway: &Gateway, matrix: &Matrix) -> Result<Vec<ModuleRow>> {
    if !gateway.settings.trimpath {
        return Ok(Vec::new());
    }
    let side = modules(gateway, matrix)?;
    Ok(side.iter().flat_map(GatewayModules::linked_modules).cloned().collect())
}

/// What each gateway of a plan was built from, computed once.
#[derive(Debug, Default)]
pub(crate) struct GatewayModulesCache(Vec<(Gateway, GatewayModules)>);

impl GatewayModulesCache {
    /// What one of them was built from; for an unknown one, its Go.
    ///
    /// # Errors
    /// As [`modules`].
    pub(crate) fn get(&mut self, gateway: &Gateway, matrix: &Matrix) -> Result<&GatewayModules> {
        let at = match self.0.iter().position(|(known, _)| known == gateway) {
            Some(at) => at,
            None => {
                let side = modules(gateway, matrix)?;
                let side = side.unwrap_or_else(|| GatewayModules::unknown(gateway.label.clone(), gateway.go.clone()));
                self.0.push((gateway.clone(), side));
                self.0.len() - 1
            }
        };
        Ok(&self.0[at].1)
    }
}

/// The modules of a row: listed in a file of its own, or those of the official release of its version.
///
/// # Errors
/// The list cannot be read.
pub(crate) fn from_release(row: &Release) -> Result<Option<GatewayModules>> {
    match &row.modules {
        Some(file) => {
            let text = crate::util::regular_file::read_to_string(file)
                .map_err(|e| Error::io("read the module list", file, e))?;
            Ok(Some(GatewayModules::from_list(row, modules::parse(&text, file)?)))
        }
        None if row.is_custom() => Ok(None),
        // A row of the user's may be for a release that is newer than this plugbuild.
        None => Ok(GatewayModules::from_release(row).ok()),
    }
}
