//! `bindgen MODULE.wasm FOLDER`: writes the JavaScript that a WebAssembly module of `wasm-bindgen` needs, as `FOLDER/index.js` and
//! `FOLDER/index_bg.wasm`.
//!
//! It does the part of `wasm-bindgen-cli` that a Worker needs, in a sixth of the crates.

use std::error::Error;
use std::{env, fs, path::PathBuf};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, folder] = arguments.as_slice() else {
        return Err("usage: bindgen MODULE.wasm FOLDER".into());
    };

    let mut bindgen = Bindgen::new();
    // "module" is the target whose output imports the WebAssembly as a module, which is how a Worker gets it.
    bindgen.input_path(module).out_name("index").typescript(false).demangle(false).module(true)?;
    bindgen.generate(folder)?;

    // Workers import a compiled module with a plain `import`.
    let script = folder.join("index.js");
    let text = fs::read_to_string(&script)?;
    fs::write(script, text.replace("import source ", "import "))?;
    Ok(())
}
