use serde_json::Value;

/// A quantity of Kubernetes as a number: `50m`, `1`, `32Mi`.
pub fn quantity(value: &Value) -> f64 {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no quantity in quotes"));
    let end = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = match unit {
        "" => 1.0,
        "m" => 0.001,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        other => panic!("{text} has the unknown unit {other}"),
    };
    number.parse::<f64>().unwrap() * scale
}
