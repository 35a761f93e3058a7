//! Writers of archives and documents, honest and forged.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A ZIP archive of DEFLATE.
pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_by(CompressionMethod::Deflated, members)
}

pub(crate) fn zip_by(method: CompressionMethod, members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The same, encrypted with AES.
pub(crate) fn locked_zip(password: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .with_aes_encryption(zip::AesMode::Aes256, password);
    writer.start_file(name, options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap().into_inner()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

pub(crate) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        builder.append(&tar_header(name, bytes.len() as u64, b'0'), *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A header with any name, also one that no honest program writes.
pub(crate) fn tar_header(name: &str, size: u64, kind: u8) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    let field = &mut header.as_old_mut().name;
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name.as_bytes()[..length]);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_cksum();
    header
}

/// A compound file with these streams; the root's class is set where one is given.
pub(crate) fn compound(class: Option<&str>, streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    if let Some(class) = class {
        file.set_storage_clsid("/", class.parse().unwrap()).unwrap();
    }
    for (path, bytes) in streams {
        if let Some((storage, _)) = path.rsplit_once('/')
            && !storage.is_empty()
        {
            file.create_storage_all(storage).unwrap();
        }
        file.create_stream(path).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// A container of MS-OVBA 2.4.1 whose chunks hold letters only.
pub(crate) fn vba(text: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    for part in text.chunks(3000) {
        let mut chunk = Vec::new();
        for eight in part.chunks(8) {
            chunk.push(0);
            chunk.extend_from_slice(eight);
        }
        let header = 0xb000_u16 | (chunk.len() + 2 - 3) as u16;
        out.extend(header.to_le_bytes());
        out.extend(chunk);
    }
    out
}

/// A PE image: its kind by characteristics and subsystem.
pub(crate) fn pe(characteristics: u16, subsystem: u16, more: &[u8]) -> Vec<u8> {
    let mut image = vec![0; 0x200];
    image[..2].copy_from_slice(b"MZ");
    image[0x3c] = 0x80;
    image[0x80..0x84].copy_from_slice(b"PE\0\0");
    image[0x80 + 22..0x80 + 24].copy_from_slice(&characteristics.to_le_bytes());
    image[0x80 + 92..0x80 + 94].copy_from_slice(&subsystem.to_le_bytes());
    image.extend_from_slice(more);
    image
}

/// An ISO 9660 image with one file in its root.
pub(crate) fn iso(name: &str, bytes: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 2048;
    let record = |name: &[u8], sector: u32, size: u32, is_folder: bool| {
        let mut record = vec![0; 33];
        record[2..6].copy_from_slice(&sector.to_le_bytes());
        record[10..14].copy_from_slice(&size.to_le_bytes());
        record[25] = if is_folder { 2 } else { 0 };
        record[32] = name.len() as u8;
        record.extend_from_slice(name);
        record.resize(record.len().next_multiple_of(2), 0);
        record[0] = record.len() as u8;
        record
    };
    let mut image = vec![0; 20 * SECTOR];
    image[16 * SECTOR..16 * SECTOR + 6].copy_from_slice(b"\x01CD001");
    let root = record(b"\0", 18, SECTOR as u32, true);
    image[16 * SECTOR + 156..16 * SECTOR + 156 + root.len()].copy_from_slice(&root);
    image[17 * SECTOR..17 * SECTOR + 6].copy_from_slice(b"\xffCD001");
    let mut listing = root;
    listing.extend(record(b"\x01", 18, SECTOR as u32, true));
    listing.extend(record(name.as_bytes(), 20, bytes.len() as u32, false));
    image[18 * SECTOR..18 * SECTOR + listing.len()].copy_from_slice(&listing);
    image.extend_from_slice(bytes);
    image
}

/// A cabinet with one stored folder of one file.
pub(crate) fn cabinet(name: &str, bytes: &[u8]) -> Vec<u8> {
    let files_at = 36 + 8;
    let data_at = files_at + 16 + name.len() + 1;
    let mut out = b"MSCF\0\0\0\0".to_vec();
    out.extend(((data_at + 8 + bytes.len()) as u32).to_le_bytes());
    out.extend([0; 4]);
    out.extend((files_at as u32).to_le_bytes());
    out.extend([0, 0, 0, 0, 3, 1, 1, 0, 1, 0]); // Reserved, version, one folder, one file.
    out.extend([0; 6]);
    out.extend((data_at as u32).to_le_bytes());
    out.extend([1, 0, 0, 0]); // One block, stored.
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend([0; 12]);
    out.extend(name.as_bytes());
    out.push(0);
    out.extend([0; 4]);
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend(bytes);
    out
}

/// RAR 5 with one stored file.
pub(crate) fn rar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let number = |value: usize| vec![(value & 0x7f) as u8 | 0x80, (value >> 7) as u8];
    let mut header = vec![2, 2]; // A file, with data.
    header.extend(number(bytes.len()));
    header.push(0); // No optional fields.
    header.extend(number(bytes.len()));
    header.extend([0, 0, 0]); // Attributes, stored, Windows.
    header.push(name.len() as u8);
    header.extend(name.as_bytes());
    let mut out = b"Rar!\x1a\x07\x01\0".to_vec();
    out.extend([0; 4]);
    out.push(header.len() as u8);
    out.extend(header);
    out.extend(bytes);
    out
}

/// `note.txt` with one line 20 times, packed by 7-Zip: it has no writer here.
pub(crate) const SEVEN_ZIP: &str = "377abcaf271c0004c5d7fb9331000000000000005a0000000000000025cc4574e0026b00295d00341949ee8de9\
    12e6140ebfb9b6833f14ad1b89024fcc91de5ba357335b8801d8906d1f09bbdd47800000010406000109310007\
    0b010001212101000c826c00080a0170ff943400000501190b00000000000000000000001113006e006f007400\
    65002e0074007800740000001900140a0100cbe1c284e97cdd01150601002080a4810000";
/// The same by `xz -9`.
pub(crate) const XZ: &str = "fd377a585a000004e6d6b446020021011c00000010cf58cce0026b00295d00341949ee8de912e6140ebfb9b683\
    3f14ad1b89024fcc91de5ba357335b8801d8906d1f09bbdd47800000000000cf24c0d8429a9b76000145ec0400\
    00008bf286feb1c467fb020000000004595a";

/// The octets that such a text stands for.
pub(crate) fn octets(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u32> = hexadecimal.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// RAR 4 with one stored file.
pub(crate) fn rar_4(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = b"Rar!\x1a\x07\0".to_vec();
    out.extend([0, 0, 0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0]);
    out.extend([0, 0, 0x74, 0, 0x80]);
    out.extend(u16::try_from(32 + name.len()).unwrap().to_le_bytes());
    let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    out.extend(size);
    out.extend(size);
    out.extend([2, 0, 0, 0, 0, 0, 0, 0, 0, 29, 0x30]); // System, checksum, time, version, stored.
    out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    out.extend([0; 4]);
    out.extend(name.as_bytes());
    out.extend(bytes);
    out.extend([0, 0, 0x7b, 0, 0, 7, 0]);
    out
}
