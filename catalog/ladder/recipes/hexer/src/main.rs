//! Writes standard input in hexadecimal, or reads hexadecimal back.

use std::io::{self, Read, Write};
use std::process::ExitCode;

struct Options {
    decode: bool,
    upper: bool,
}

fn options() -> Result<Options, String> {
    let mut arguments = pico_args::Arguments::from_env();
    let options = Options {
        decode: arguments.contains(["-d", "--decode"]),
        upper: arguments.contains(["-u", "--upper"]),
    };
    match arguments.finish().first() {
        Some(unknown) => Err(format!("unknown: {}", unknown.to_string_lossy())),
        None => Ok(options),
    }
}

fn convert(input: &[u8], options: &Options) -> Result<Vec<u8>, String> {
    if options.decode {
        let digits: Vec<u8> = input.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return hex::decode(digits).map_err(|error| error.to_string());
    }
    let digits = if options.upper { hex::encode_upper(input) } else { hex::encode(input) };
    Ok(format!("{digits}\n").into_bytes())
}

fn run() -> Result<(), String> {
    let options = options()?;
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).map_err(|error| error.to_string())?;
    let output = convert(&input, &options)?;
    io::stdout().write_all(&output).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("hexer: {message}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENCODE: Options = Options { decode: false, upper: false };
    const DECODE: Options = Options { decode: true, upper: false };

    #[test]
    fn what_was_written_is_read_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let digits = convert(&bytes, &ENCODE).unwrap();
        assert_eq!(convert(&digits, &DECODE).unwrap(), bytes);
    }

    #[test]
    fn odd_digits_are_refused() {
        assert!(convert(b"abc", &DECODE).is_err());
    }
}
